"""All measurements, a table each; `make bench` runs this. No number here is ever a test."""

import explorer
import footprint
import grading
import storm

if __name__ == "__main__":
    storm.main()
    footprint.main()
    explorer.main()
    grading.main()
