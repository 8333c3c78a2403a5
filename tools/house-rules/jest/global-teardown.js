/** Stops what global-setup.js started, and the Kafka that specs may have shared, and removes their data. */
module.exports = async function globalTeardown() {
  await globalThis.__testPostgres?.stop();
  await require('../../kafka-dev/src/stop-shared-test-kafka').stopSharedTestKafka();
};
