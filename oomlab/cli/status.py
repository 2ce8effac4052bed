"""How a command ended, as the number that a shell or a CI job sees."""

OK = 0  # done; explore: holds; check: all as claimed
VIOLATED = 1  # explore: a counterexample; check: a sheet is not as claimed; explain: no report
WRONG = 2  # a word of the command line, or a file
BOUND = 3  # explore: ended by its bound, or random and nothing found
BROKEN = 70  # the explorer contradicts the model: a fault of oomlab's own
INTERRUPTED = 130  # Ctrl-C
CLOSED = 141  # who reads the output has closed it
