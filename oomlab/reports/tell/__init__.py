"""Judgement to reader: words, JSON, a picture, a page, a summary of many."""
