import before_it_fails

raise ValueError("no")
