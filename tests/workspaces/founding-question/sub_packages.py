from importlib.util import find_spec

from transformers.models import bert, yoso
print(find_spec("transformers.models.bert").name)
print(find_spec("transformers.models.yoso").name)
