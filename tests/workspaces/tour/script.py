# `python script.py` leaves `__spec__` None; `python -m script` sets it.
import logging

if __name__ == "__main__":
    logging.getLogger(__spec__.name).info("started")  # finding: script-without-spec; raises AttributeError: 'NoneType' object has no attribute 'name'
