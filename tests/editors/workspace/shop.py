# What the editors' tests open: an installed package that loses its spec, and another one that asks for it.
import wares
import tills

title = "🛒 " + wares.__spec__.name
count: int = "none"  # the other server's part
