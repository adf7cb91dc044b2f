import here
