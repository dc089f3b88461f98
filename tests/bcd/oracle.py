"""Prints hives as libhivex reads them: a list of trees in JSON, in the order of the files.

Debian's python3-hivex belongs to /usr/bin/python3.
"""

import json
import sys

import hivex


def tree(hive, key):
    values = {}
    for value in hive.node_values(key):
        form, data = hive.value_value(value)
        values[hive.value_key(value)] = [form, data.hex()]
    keys = [tree(hive, below) for below in hive.node_children(key)]
    return {"name": hive.node_name(key), "values": values, "keys": keys}


def read(path):
    hive = hivex.Hivex(path)
    return tree(hive, hive.root())


print(json.dumps([read(path) for path in sys.argv[1:]]))
