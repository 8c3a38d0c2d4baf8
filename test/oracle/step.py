"""Fixtures for a whole pretraining step: PyTorch in float64, from the inputs that step-inputs.ts writes.

Views come from Pillow and torchvision, the model from torch.nn, the update from torch.optim.AdamW. Accumulated
batches are one larger batch here, as that is what accumulation means.
"""
import json
from pathlib import Path

import numpy as np
import PIL
import torch
import torch.nn.functional as F
import torchvision
import torchvision.transforms.functional as T
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import nn

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
fixtures = Path(__file__).parent.parent / "fixtures"
inputs = json.loads((fixtures / "step-inputs.json").read_text())
weights = {name: value.double() for name, value in load_file(fixtures / "step-inputs.safetensors").items()}

JITTERS = {"brightness": .4, "contrast": .4, "saturation": .2, "hue": .1}
DESTRUCTIVE = ["grayscale", "blur", "solarize"]


def crop_and_flip(image, pair, size):
    crop = pair["crop"]
    box = (crop["left"], crop["top"], crop["left"] + crop["width"], crop["top"] + crop["height"])
    channels = [Image.fromarray(c.float().numpy()).resize((size, size), Image.BILINEAR, box=box) for c in image]
    result = torch.from_numpy(np.stack([np.array(c) for c in channels])).double()
    return result.flip(-1) if pair["flip"] else result


def view(image, p):
    image = T.adjust_brightness(image, p["brightness"])
    image = T.adjust_contrast(image, p["contrast"])
    image = T.adjust_saturation(image, p["saturation"])
    image = T.adjust_hue(image, p["hue"])
    if p["grayscale"]:
        image = T.rgb_to_grayscale(image, 3)
    if p["blur"]:
        image = T.gaussian_blur(image, [inputs["blurKernel"]] * 2, [p["blur"]] * 2)
    if p["solarize"]:
        # A step in the middle of the range: no pixel may be so near it that rounding decides.
        assert ((image - .5).abs() > 2e-6).all(), "a pixel lies on the solarization threshold; choose another seed"
        image = T.solarize(image, .5)
    return image


def action(source, target):
    jitters = [(target[name] - source[name]) / strength for name, strength in JITTERS.items()]
    return torch.tensor(jitters + [float(source[name] != 0) for name in DESTRUCTIVE])


def positions(side, width):
    """I-JEPA's get_2d_sincos_pos_embed: the first half of the features tells the column."""
    def one(places):
        omega = 1 / 10000 ** (np.arange(width // 4) / (width / 4))
        angles = np.outer(places, omega)
        return np.concatenate([np.sin(angles), np.cos(angles)], 1)

    columns, rows = np.meshgrid(np.arange(side), np.arange(side))
    return torch.from_numpy(np.concatenate([one(columns.ravel()), one(rows.ravel())], 1))


def take(tokens, indices):
    return torch.stack([t[i] for t, i in zip(tokens, indices)])


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.qkv, self.proj = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, n, d))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.attn = Attention(width, heads)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)})

    def forward(self, x, by=None):
        # Adaptive layer normalisation: shift and scale between standardising and the norm's own weight and bias.
        shift, scale, gate, shift2, scale2, gate2 = torch.zeros(6, 1) if by is None else by
        x = x + (1 + gate) * self.attn(self.normed(x, self.norm1, shift, scale))
        mlp = self.mlp["fc2"](F.gelu(self.mlp["fc1"](self.normed(x, self.norm2, shift2, scale2))))
        return x + (1 + gate2) * mlp

    @staticmethod
    def normed(x, norm, shift, scale):
        plain = F.layer_norm(x, x.shape[-1:], eps=norm.eps) * (1 + scale) + shift
        return plain * norm.weight + norm.bias


class Encoder(nn.Module):
    def __init__(self, depth, width, heads, image, patch):
        super().__init__()
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(3, width, patch, patch)})
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(depth)])
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.positions = positions(image // patch, width)

    def through(self, images, visible=None):
        """What each block gives."""
        x = self.patch_embed["proj"](images).flatten(2).transpose(1, 2) + self.positions
        x = x if visible is None else take(x, visible)
        outputs = []
        for block in self.blocks:
            x = block(x)
            outputs.append(x)
        return [*outputs[:-1], self.norm(x)]

    def forward(self, images, visible=None):
        return self.through(images, visible)[-1]


class Sequence(nn.Module):
    """A linear map for each scalar of the action: a token each."""
    def __init__(self, width):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.empty(7, width)), nn.Parameter(torch.empty(7, width))


class Predictor(nn.Module):
    def __init__(self, depth, width, heads, conditioning, encoder):
        super().__init__()
        self.predictor_embed = nn.Linear(encoder["width"], width)
        self.mask_token = nn.Parameter(torch.empty(1, 1, width))
        self.kind = conditioning
        mlp = [nn.Linear(width + 7, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width)]
        maps = {str(i): nn.Linear(width, 6 * width) for i in range(depth)}
        layers = {
            "none": lambda: {},
            "sequence": lambda: {"sequence": Sequence(width)},
            "feature": lambda: {"feature": nn.Sequential(*mlp)},
            "adaln": lambda: {"adaln": nn.ModuleDict({"action": nn.Linear(7, width), "blocks": nn.ModuleDict(maps)})},
        }
        self.conditioning = nn.ModuleDict(layers[conditioning]())
        self.predictor_blocks = nn.ModuleList([Block(width, heads) for _ in range(depth)])
        self.predictor_norm = nn.LayerNorm(width, eps=1e-6)
        self.predictor_proj = nn.Linear(width, encoder["width"])
        self.positions = positions(encoder["image"] // encoder["patch"], width)

    def forward(self, context, actions, visible, predicted):
        context = self.predictor_embed(context) + self.positions[visible]
        queries = self.mask_token + self.positions[predicted]
        count = queries.shape[1]
        if self.kind == "feature":
            told = actions[:, None].expand(-1, count, -1)
            queries = self.conditioning["feature"](torch.cat([queries, told], -1))
        tokens = [context, queries]
        if self.kind == "sequence":
            maps = self.conditioning["sequence"]
            tokens.append(torch.stack([
                F.linear(actions[:, i:i + 1], maps.weight[i][:, None], maps.bias[i]) for i in range(7)
            ], 1))
        x = torch.cat(tokens, 1)
        for i, block in enumerate(self.predictor_blocks):
            by = None
            if self.kind == "adaln":
                own = self.conditioning["adaln"]
                by = own["blocks"][str(i)](F.gelu(own["action"](actions)))[:, None].chunk(6, -1)
            x = block(x, by)
        answers = x[:, context.shape[1]:context.shape[1] + count]
        return self.predictor_proj(self.predictor_norm(answers))


def load(module, prefix):
    start = prefix + "."
    module.load_state_dict({n.removeprefix(start): v for n, v in weights.items() if n.startswith(start)})
    return module


def prepare(pairs, config):
    """A batch of pairs of views as tensors."""
    size, norm = config["views"]["size"], config["normalisation"]
    cropped = [crop_and_flip(weights["images"][pair["image"]], pair, size) for pair in pairs]
    made = {
        side: torch.stack([T.normalize(view(i, p[side]), norm["mean"], norm["std"]) for i, p in zip(cropped, pairs)])
        for side in ("source", "target")
    }
    actions = torch.stack([action(pair["source"], pair["target"]) for pair in pairs])
    masks = [torch.tensor([pair[key] for pair in pairs]) for key in ("visible", "predicted")]
    return made["source"], made["target"], actions, *masks


# Which of the encoder's parameters a run changes.
TRAINED = {
    "all": lambda part: True,
    "none": lambda part: False,
    "last:1": lambda part: part.startswith("blocks.1."),
}
results, tensors = {}, {}


def standardised(x):
    return F.layer_norm(x, x.shape[-1:], eps=1e-6)


def keep(prefix, named):
    tensors.update({f"{prefix}.{n}": v.detach().float().contiguous().clone() for n, v in named})


for name, config in inputs["cases"].items():
    sizes = config["model"]
    is_trained = TRAINED[sizes["encoder"].pop("trained")]
    asked_blocks = sizes["encoder"].pop("targetBlocks")
    encoder = load(Encoder(**sizes["encoder"]), "encoder")
    target = load(Encoder(**sizes["encoder"]), "encoder")
    kind = sizes["predictor"]["conditioning"]
    predictor = load(Predictor(**sizes["predictor"], encoder=sizes["encoder"]), f"predictor.{kind}")
    target.requires_grad_(False)
    for part, own in encoder.named_parameters():
        own.requires_grad_(is_trained(part))
    # Where the encoder is trained, the average begins elsewhere, so that neither can stand in for the other.
    averages = {part: own for part, own in target.named_parameters() if is_trained(part)}
    for part, average in averages.items():
        average.data.copy_(weights[f"target_encoder.{part}"])
    trained = {
        "encoder": [(part, own) for part, own in encoder.named_parameters() if is_trained(part)],
        "predictor": list(predictor.named_parameters()),
    }
    parameters = [own for named in trained.values() for _, own in named]
    matrices = [p for p in parameters if sum(s > 1 for s in p.shape) > 1]
    vectors = [p for p in parameters if sum(s > 1 for s in p.shape) <= 1]
    optimiser = torch.optim.AdamW([{"params": matrices}, {"params": vectors}], betas=config["betas"], eps=1e-8)

    losses, norms = [], []
    for step, (pairs, rates) in enumerate(zip(inputs["pairs"], inputs["rates"])):
        batch = pairs[:config["batch"] * config["accumulate"]]
        source, to, actions, visible, predicted = prepare(batch, config)
        # Of the last block, or the mean of both.
        levels = [standardised(level) for level in target.through(to)[-asked_blocks:]]
        wanted = take(standardised(sum(levels) / len(levels)), predicted)
        answers = predictor(encoder(source, visible), actions, visible, predicted)
        loss = F.mse_loss(answers, wanted.detach())
        optimiser.zero_grad()
        loss.backward()
        if step == 0:
            for part, named in trained.items():
                keep(f"{name}.gradient.{part}", ((n, p.grad) for n, p in named))
        norms.append(nn.utils.clip_grad_norm_(parameters, config["clip"]).item())
        losses.append(loss.item())
        for group, decay in zip(optimiser.param_groups, (rates["weightDecay"], 0)):
            group.update(lr=rates["learningRate"], weight_decay=decay)
        optimiser.step()
        for part, new in trained["encoder"]:
            averages[part].data.lerp_(new.data, 1 - rates["momentum"])
    for part, named in trained.items():
        keep(f"{name}.after.{part}", named)
    keep(f"{name}.after.target_encoder", averages.items())
    # AdamW forgives a wrong scale of all gradients; its moments do not.
    moments = {
        ours: torch.cat([optimiser.state[p][theirs].flatten() for p in parameters]).norm().item()
        for ours, theirs in (("mean", "exp_avg"), ("variance", "exp_avg_sq"))
    }
    results[name] = {"losses": losses, "gradientNorms": norms, "momentNorms": moments}

save_file(tensors, fixtures / "step.safetensors")
(fixtures / "step.safetensors").chmod(0o644)
versions = {"torch": torch.__version__, "torchvision": torchvision.__version__, "pillow": PIL.__version__}
(fixtures / "step.json").write_text(json.dumps({"versions": versions, "cases": results}, indent=1) + "\n")
