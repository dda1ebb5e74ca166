#!/usr/bin/env node
"use strict";
require("../dist/droverctl.cjs");
