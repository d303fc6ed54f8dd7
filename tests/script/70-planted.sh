#!/bin/bash
# The model finds every merge bug that is planted for it (docs/testing.md).
exec "${LUM_SOURCE:?}/tests/prop/bugs/run.sh"
