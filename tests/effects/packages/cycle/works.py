import works_other

ready = True
