from transformers.models import auto
import pytorch_lightning
print(auto.__spec__.name)
