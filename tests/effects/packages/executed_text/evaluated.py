module = eval("__import__('one')")
