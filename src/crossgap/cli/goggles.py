"""`crossgap goggles`; what it does is imported when it runs."""

from crossgap.cli.settings import Flat
from crossgap.commands.options import GogglesOptions
from crossgap.methods.goggles import GogglesConfig


def goggles(options: Flat[GogglesOptions], config: Flat[GogglesConfig]) -> None:
    """Put goggles on a policy: a translator from real to simulated images, trained through the policy, which
    stays as it is.

    The policy is any torch.nn.Module, made by a function of yours. Real frames with demonstrated actions
    teach the translator what the policy has to see; without actions it must leave what the policy says of
    simulated frames as it is. Started again after a kill, it goes on where it was. The goggles are
    <output>/models/goggles: they stand alone, for `crossgap translate`, an environment or a robot.
    """
    from crossgap.commands.goggles import train_goggles

    train_goggles(options, config)
