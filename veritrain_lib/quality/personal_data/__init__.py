"""Ways to find personal data: phone numbers and national ids, in whatever characters they were typed."""
