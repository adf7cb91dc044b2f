import space.missing
