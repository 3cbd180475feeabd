"""Detection of personal data: phone numbers and national ids, in any digits and punctuation."""
