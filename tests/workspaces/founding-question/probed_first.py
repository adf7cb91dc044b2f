from importlib.util import find_spec

print(find_spec("transformers").name)
import transformers
print(find_spec("transformers").name)
