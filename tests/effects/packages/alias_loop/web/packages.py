import sys

for package in ("alpha", "beta"):
    locals()[package] = __import__(package)
    for mod in list(sys.modules):
        if mod == package or mod.startswith(package + "."):
            sys.modules["web.packages." + mod] = sys.modules[mod]

target = "gamma"
try:
    import gamma_fast as gamma
except ImportError:
    import gamma
for mod in list(sys.modules):
    if mod == target or mod.startswith(f"{target}."):
        target = target.replace(target, "delta")
        sys.modules[f"web.packages.{target}"] = sys.modules[mod]
