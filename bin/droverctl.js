#!/usr/bin/env node
import "../dist/droverctl.js";
