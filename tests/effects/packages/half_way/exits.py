import before
import sys

sys.exit("no")
