// The client knows https alone; loaded before it, this has it speak http.
require('https').request = require('http').request;
