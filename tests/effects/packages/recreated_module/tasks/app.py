class Task:
    pass


group = "group"
