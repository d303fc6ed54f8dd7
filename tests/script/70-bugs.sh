#!/usr/bin/env bash
# The bug bank: each planted bug is found by the proof that is there for it (docs/testing.md).
exec "${LUM_SOURCE:?}/tests/bugs/run.sh"
