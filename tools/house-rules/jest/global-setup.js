/** Jest calls this once before all projects. With TEST_DATABASE_URL set (a server of one's own, whose user
 *  may create databases) nothing is started. */
module.exports = async function globalSetup() {
  process.env.TEST_RUN_PID = String(process.pid); // names what this run shares, such as tools/kafka-dev's Kafka
  if (process.env.TEST_DATABASE_URL) return;
  const { startTestServer } = require('../../embedded-postgres/src/test-server');
  const server = await startTestServer();
  process.env.TEST_DATABASE_URL = server.url; // inherited by Jest's workers
  globalThis.__testPostgres = server;
};
