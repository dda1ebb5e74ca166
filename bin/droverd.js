#!/usr/bin/env node
import "../dist/droverd.js";
