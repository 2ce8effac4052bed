"""A teacher's day: sheets go out, submissions come in, results and feedback go back."""
