"""What students hand in: for each exercise other right solutions, and plausible wrong ones.

RIGHT are whole sources. A MISTAKE is (the properties it loses, a part of what the student is told,
the text in the sheet's own solution, what stands there instead); with "" as text the last is a
whole source.
"""
