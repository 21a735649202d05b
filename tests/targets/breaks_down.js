// A target that tells what it got for a secret, and then throws what is no failure of the contract.

export const deployTarget = {
  describe() {
    return {
      name: "breaks",
      version: "0.1.0",
      summary: "Breaks down",
      settings: [
        {
          name: "breaks-token",
          variable: "BREAKS_TOKEN",
          description: "A secret",
          kind: { tag: "secret" },
          required: true,
          conflictsWith: [],
          grantsNetwork: false,
        },
      ],
      network: [],
      triggers: [],
    };
  },

  deploy(_app, env) {
    console.error(`the token is ${env.setting("breaks-token")}`);
    return env.nothingOfTheKind();
  },
};
