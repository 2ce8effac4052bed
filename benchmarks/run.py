"""All measurements, a table each; `make bench` runs this. No number here is ever a test."""

import budget
import explorer
import footprint
import grading
import grep
import runs
import served
import storm

if __name__ == "__main__":
    storm.main()
    runs.main()
    footprint.main()
    explorer.main()
    grep.main()
    grading.main()
    budget.main()
    served.main()
