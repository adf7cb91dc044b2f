import there
import not_there
import never_a
