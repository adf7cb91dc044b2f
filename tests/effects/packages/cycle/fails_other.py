from fails import name

value = 2
