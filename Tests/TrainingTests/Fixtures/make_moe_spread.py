"""How far the bfloat16 losses of the golden cases with experts move when the weights are multiplied by
1 + 1e-5 noise: a token between two nearly equal experts goes to either.
usage: make_moe_spread.py ORACLE_DIR GOLDEN_DIR OUT.json"""
import sys, torch, json
sys.path.insert(0, sys.argv[1])
import minimind_ref as R
from safetensors.torch import load_file
out={}
for name in ("v2-classic-moe","v2-moe","v3-moe"):
    d=f'{sys.argv[2]}/{name}'
    e=json.load(open(d+'/expected.json')); c=R.Config(**e['config'])
    w0=torch.load(d+'/base.pth'); l=torch.load(d+'/lora_init.pth'); io=load_file(d+'/io.safetensors')
    lora={}
    for k in l:
        m=k.split('.lora.')[0]; lora.setdefault(m,[None,None])[0 if '.A.' in k else 1]=l[k]
    lora={m:tuple(v) for m,v in lora.items()}
    rows=[]
    for s in range(20):
        g=torch.Generator().manual_seed(s); w={k:v*(1+1e-5*torch.randn(v.shape,generator=g)) for k,v in w0.items()}
        r=[]
        for i in range(6):
            with torch.no_grad(), torch.autocast("cpu",dtype=torch.bfloat16):
                lg,aux=R.forward(c,w,io['X'][i],lora); r.append((R.masked_loss(lg,io['Y'][i],io['M'][i])+aux).item())
        rows.append(r)
    out[name]={"least":[min(x) for x in zip(*rows)],"most":[max(x) for x in zip(*rows)]}
json.dump(out,open(sys.argv[3],'w'),indent=1)
