#!/usr/bin/env node
"use strict";
require("../dist/droverd.cjs");
