from models import SmallModel
