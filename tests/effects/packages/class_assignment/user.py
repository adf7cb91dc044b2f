import careful
import careless

careful.value
careless()
