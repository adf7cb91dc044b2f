exec("import one")
exec("from one import x as y", {})
