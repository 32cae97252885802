// Drives the npm package `esia`, in a folder of its own; see the README here.
"use strict";

const readline = require("node:readline");

const [folder, settings] = process.argv.slice(2);
const esia = require(`${folder}/node_modules/esia`)(JSON.parse(settings));

console.log(esia.getAuth().url);
readline.createInterface({ input: process.stdin }).once("line", (line) => {
  esia
    .getAccess(JSON.parse(line).code, ["/", "/ctts?embed=(elements)"])
    .then((found) => {
      console.log(JSON.stringify({
        oid: found.marker.decodedAccessToken["urn:esia:sbj_id"],
        person: found.data[0],
        contacts: found.data[1],
      }));
      process.exit(0);
    })
    .catch((error) => {
      console.error(error.message);
      process.exit(1);
    });
});
