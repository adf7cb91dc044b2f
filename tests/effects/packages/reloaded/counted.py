try:
    count += 1
except NameError:
    count = 1
if count == 2:
    import second_time
else:
    import first_time
