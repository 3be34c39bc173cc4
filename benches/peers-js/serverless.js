// Peer: `@statsig/serverless-client`, its client for Fastly, given the specs from the KV Store.

import { StatsigFastlyClient } from "@statsig/serverless-client/fastly";
import { send, serve, specs } from "./service.js";

serve(async (gate, user, log) => {
  const client = new StatsigFastlyClient("client-local-run", {
    networkConfig: { networkOverrideFunc: send },
  });
  client.dataAdapter.setData(await specs());
  client.initializeSync();
  const { value, ruleID } = client.getFeatureGate(gate, user, { disableExposureLog: !log });
  return { value, ruleID, done: log ? () => client.flush() : undefined };
});
