"""placeholder"""
def data_docs(verdict): return "<html></html>"
