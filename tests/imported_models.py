"""Models as people write them, to be imported: one class a habit, none of them ours."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


class ResidualUnit(nn.Module):
    expansion = 1

    def __init__(self, inplanes, planes, stride=1, downsample=None):
        super().__init__()
        self.conv1 = nn.Conv2d(inplanes, planes, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = downsample

    def forward(self, x):
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


class ResNetLike(nn.Module):
    """Stages in Sequentials, a shortcut that is there at times, a sum in place."""

    def __init__(self, layers=(2, 2, 3), classes=10):
        super().__init__()
        self.inplanes = 8
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.layer1 = self._stage(8, layers[0], 1)
        self.layer2 = self._stage(16, layers[1], 2)
        self.layer3 = self._stage(32, layers[2], 2)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(32, classes)

    def _stage(self, planes, count, stride):
        down = None
        if stride != 1 or self.inplanes != planes:
            down = nn.Sequential(
                nn.Conv2d(self.inplanes, planes, 1, stride, bias=False), nn.BatchNorm2d(planes)
            )
        units = [ResidualUnit(self.inplanes, planes, stride, down)]
        self.inplanes = planes
        units += [ResidualUnit(planes, planes) for _ in range(1, count)]
        return nn.Sequential(*units)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(torch.flatten(self.avgpool(x), 1))


class BasicConv2d(nn.Module):
    def __init__(self, in_channels, out_channels, **how):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, bias=False, **how)
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)), inplace=True)


class Branches(nn.Module):
    def __init__(self, in_channels, one, reduced, three, pool):
        super().__init__()
        self.branch1 = BasicConv2d(in_channels, one, kernel_size=1)
        self.branch3 = nn.Sequential(
            BasicConv2d(in_channels, reduced, kernel_size=1),
            BasicConv2d(reduced, three, kernel_size=3, padding=1),
        )
        self.pool = BasicConv2d(in_channels, pool, kernel_size=1)

    def forward(self, x):
        pooled = F.avg_pool2d(x, kernel_size=3, stride=1, padding=1)
        return torch.cat([self.branch1(x), self.branch3(x), self.pool(pooled)], 1)


class InceptionLike(nn.Module):
    """Branches side by side, a head that is there in training only, dropout."""

    def __init__(self, classes=5):
        super().__init__()
        self.stem = BasicConv2d(3, 8, kernel_size=3, stride=2)
        self.mixed1 = Branches(8, 4, 6, 8, 4)
        self.mixed2 = Branches(16, 8, 6, 12, 4)
        self.aux = nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(64, classes))
        self.mixed3 = Branches(24, 8, 8, 16, 8)
        self.dropout = nn.Dropout(0.3)
        self.fc = nn.Linear(32, classes)

    def forward(self, x):
        x = F.max_pool2d(self.mixed1(self.stem(x)), 3, 2)
        aux = self.aux(x) if self.training else None
        x = self.mixed3(self.mixed2(x))
        x = self.fc(self.dropout(x.mean([2, 3])))
        return (x, aux) if self.training else x


class SqueezeExcite(nn.Module):
    def __init__(self, channels, squeezed):
        super().__init__()
        self.fc1 = nn.Conv2d(channels, squeezed, 1)
        self.fc2 = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x):
        scale = F.adaptive_avg_pool2d(x, 1)
        return torch.sigmoid(self.fc2(F.relu(self.fc1(scale)))) * x


class DropPath(nn.Module):
    def __init__(self, drop_prob):
        super().__init__()
        self.drop_prob = drop_prob

    def forward(self, x):
        if self.drop_prob == 0.0 or not self.training:
            return x
        keep = 1 - self.drop_prob
        mask = x.new_empty((x.shape[0],) + (1,) * (x.ndim - 1)).bernoulli_(keep)
        return x * mask.div_(keep)


class InvertedResidual(nn.Module):
    def __init__(self, inp, oup, stride, expand_ratio, use_se, drop=0.0):
        super().__init__()
        hidden = inp * expand_ratio
        layers = []
        if expand_ratio != 1:
            layers += [nn.Conv2d(inp, hidden, 1, bias=False), nn.BatchNorm2d(hidden), nn.ReLU6()]
        layers += [
            nn.Conv2d(hidden, hidden, 3, stride, 1, groups=hidden, bias=False),
            nn.BatchNorm2d(hidden),
            nn.ReLU6(),
        ]
        if use_se:
            layers.append(SqueezeExcite(hidden, hidden // 4))
        layers += [nn.Conv2d(hidden, oup, 1, bias=False), nn.BatchNorm2d(oup)]
        self.conv = nn.Sequential(*layers)
        self.drop_path = DropPath(drop)
        self.use_res = stride == 1 and inp == oup

    def forward(self, x):
        return x + self.drop_path(self.conv(x)) if self.use_res else self.conv(x)


class MobileNetLike(nn.Module):
    """Expansion, squeeze and residual that are there at times, stochastic depth by hand."""

    def __init__(self, classes=7):
        super().__init__()
        rows = [(1, 8, 1, 1, False), (4, 12, 2, 2, False), (4, 12, 1, 2, True), (4, 24, 3, 2, True)]
        blocks, inp, at = [], 8, 0
        for ratio, oup, count, stride, squeeze in rows:
            for index in range(count):
                step = stride if index == 0 else 1
                blocks.append(InvertedResidual(inp, oup, step, ratio, squeeze, 0.1 * at / 7))
                inp, at = oup, at + 1
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8))
        self.blocks = nn.Sequential(*blocks)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(24, classes))

    def forward(self, x):
        return self.classifier(self.blocks(F.relu6(self.stem(x))).mean((2, 3)))


class DenseLayer(nn.Module):
    def __init__(self, inp, growth):
        super().__init__()
        self.norm = nn.BatchNorm2d(inp)
        self.conv = nn.Conv2d(inp, growth, 3, padding=1, bias=False)

    def forward(self, features):
        return self.conv(F.relu(self.norm(torch.cat(features, 1))))


class DenseBlock(nn.Module):
    def __init__(self, count, inp, growth):
        super().__init__()
        for index in range(count):
            self.add_module(f"denselayer{index + 1}", DenseLayer(inp + index * growth, growth))

    def forward(self, x):
        features = [x]
        for layer in self.children():
            features.append(layer(features))
        return torch.cat(features, 1)


class DenseNetLike(nn.Module):
    """What grows: each layer reads all before it."""

    def __init__(self, classes=4):
        super().__init__()
        self.features = nn.Sequential()
        self.features.add_module("conv0", nn.Conv2d(3, 8, 3, padding=1, bias=False))
        self.features.add_module("denseblock1", DenseBlock(4, 8, 4))
        self.features.add_module("transition1", nn.Conv2d(24, 12, 1, bias=False))
        self.features.add_module("pool1", nn.AvgPool2d(2))
        self.features.add_module("denseblock2", DenseBlock(5, 12, 4))
        self.classifier = nn.Linear(32, classes)

    def forward(self, x):
        return self.classifier(F.relu(self.features(x)).mean((2, 3)))


class ShuffleUnit(nn.Module):
    def __init__(self, channels, groups=2):
        super().__init__()
        half = channels // 2
        self.groups = groups
        self.branch = nn.Sequential(
            nn.Conv2d(half, half, 1, bias=False),
            nn.BatchNorm2d(half),
            nn.ReLU(inplace=True),
            nn.Conv2d(half, half, 3, padding=1, groups=half, bias=False),
            nn.BatchNorm2d(half),
        )

    def forward(self, x):
        one, two = x.chunk(2, dim=1)
        out = torch.cat((one, self.branch(two)), dim=1)
        batch, channels, height, width = out.size()
        out = out.view(batch, self.groups, channels // self.groups, height, width)
        return torch.transpose(out, 1, 2).contiguous().view(batch, channels, height, width)


class ShuffleLike(nn.Module):
    """Channels parted, and dealt by views."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 12, 3, 2, 1)
        self.stage = nn.Sequential(ShuffleUnit(12), ShuffleUnit(12), ShuffleUnit(12))
        self.fc = nn.Linear(12, 3)

    def forward(self, x):
        return self.fc(self.stage(self.conv1(x)).mean([2, 3]))


class NextBlock(nn.Module):
    def __init__(self, dim, layer_scale=1e-6):
        super().__init__()
        self.dwconv = nn.Conv2d(dim, dim, 7, padding=3, groups=dim)
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.pwconv1 = nn.Linear(dim, 4 * dim)
        self.pwconv2 = nn.Linear(4 * dim, dim)
        self.gamma = nn.Parameter(layer_scale * torch.ones(dim))

    def forward(self, x):
        y = self.norm(self.dwconv(x).permute(0, 2, 3, 1))
        y = self.gamma * self.pwconv2(F.gelu(self.pwconv1(y)))
        return x + y.permute(0, 3, 1, 2)


class ConvNeXtLike(nn.Module):
    """Channels last for a while, a parameter that scales them."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 4, 4)
        self.blocks = nn.Sequential(NextBlock(8), NextBlock(8))
        self.down = nn.Conv2d(8, 16, 2, 2)
        self.more = nn.Sequential(NextBlock(16), NextBlock(16), NextBlock(16))
        self.head = nn.Linear(16, 6)

    def forward(self, x):
        return self.head(self.more(self.down(self.blocks(self.stem(x)))).mean([-2, -1]))


class DoubleConv(nn.Sequential):
    def __init__(self, inp, out):
        super().__init__(
            nn.Conv2d(inp, out, 3, padding=1),
            nn.BatchNorm2d(out),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Conv2d(out, out, 3, padding=1),
            nn.BatchNorm2d(out),
            nn.LeakyReLU(0.1, inplace=True),
        )


class UNetLike(nn.Module):
    """Skips over the bottom, transposed convolutions, two outputs in a dict."""

    def __init__(self):
        super().__init__()
        self.down1, self.down2 = DoubleConv(3, 8), DoubleConv(8, 16)
        self.bottom = DoubleConv(16, 32)
        self.up2, self.up1 = nn.ConvTranspose2d(32, 16, 2, 2), nn.ConvTranspose2d(16, 8, 2, 2)
        self.dec2, self.dec1 = DoubleConv(32, 16), DoubleConv(16, 8)
        self.out = nn.Conv2d(8, 2, 1)
        self.edge = nn.Conv2d(8, 1, 1)

    def forward(self, x):
        one = self.down1(x)
        two = self.down2(F.max_pool2d(one, 2))
        y = self.bottom(F.max_pool2d(two, 2))
        y = self.dec2(torch.cat([self.up2(y), two], 1))
        y = self.dec1(torch.cat([self.up1(y), one], 1))
        return {"mask": self.out(y), "edge": torch.sigmoid(self.edge(y))}


class HardActivations(nn.Module):
    """Activations that are written out."""

    def __init__(self):
        super().__init__()
        self.one, self.two, self.three = (nn.Conv2d(3, 3, 3, padding=1) for _ in range(3))

    def forward(self, x):
        x = self.one(x)
        x = x * (F.relu6(x + 3) / 6)
        x = self.two(x)
        x = x * F.relu6(x + 3) / 6
        x = self.three(x)
        return (x * torch.sigmoid(x)).mean((2, 3))


class TwoInputs(nn.Module):
    """An image and a vector."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, 2, 1)
        self.embed = nn.Linear(5, 8)
        self.fc = nn.Linear(16, 2)

    def forward(self, image, given):
        x = F.relu(self.conv(image)).mean((2, 3))
        return self.fc(torch.cat([x, F.relu(self.embed(given))], 1))


#: Every model, with the shapes of its inputs.
MODELS = {
    ResNetLike: [(3, 32, 32)],
    InceptionLike: [(3, 32, 32)],
    MobileNetLike: [(3, 64, 64)],
    DenseNetLike: [(3, 16, 16)],
    ShuffleLike: [(3, 16, 16)],
    ConvNeXtLike: [(3, 32, 32)],
    UNetLike: [(3, 16, 16)],
    HardActivations: [(3, 8, 8)],
    TwoInputs: [(3, 16, 16), (5,)],
}
