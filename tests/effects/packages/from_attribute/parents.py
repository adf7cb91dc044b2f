import top.middle.leaf as leaf
from top.middle import sibling
