"""A target that tells what it got for a secret, and then raises what the contract doesn't have."""

import sys

from wit_world import exports
from wit_world.exports.deploy_target import Deployment, Description, Setting, SettingKind_Secret
from wit_world.imports.application import Application
from wit_world.imports.environment import Environment


class DeployTarget(exports.DeployTarget):
    """Breaks down when it deploys."""

    def describe(self) -> Description:
        """Ask for a secret."""
        token = Setting(
            name="breaks-token",
            variable="BREAKS_TOKEN",
            description="A secret",
            kind=SettingKind_Secret(),
            default_value=None,
            required=True,
            prompt=None,
            conflicts_with=[],
            grants_network=False,
            belongs_to=None,
        )
        return Description("breaks", "0.1.0", "Breaks down", None, [token], [], [])

    def deploy(self, _app: Application, env: Environment) -> Deployment:
        """Look for what is not there."""
        print("the token is", env.setting("breaks-token"), file=sys.stderr)
        return env.nothing_of_the_kind()
