from library import Writer
