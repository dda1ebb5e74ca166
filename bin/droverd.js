#!/usr/bin/env node
"use strict";
const { load } = require("./droverctl.js");

load("droverd.cjs");
