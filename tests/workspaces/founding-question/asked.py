import transformers
import pytorch_lightning
print(transformers.__spec__.name)
