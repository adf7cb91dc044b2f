import before

first, second = (1,)
import after
