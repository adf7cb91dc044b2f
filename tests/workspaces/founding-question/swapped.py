import pytorch_lightning
import transformers
print(transformers.__spec__.name)
