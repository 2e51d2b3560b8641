package source
import ("testing";"os";"encoding/json")
func TestZZ(t *testing.T){
 data,_:=os.ReadFile(os.Getenv("ZZ")+"/docs.json"); var docs []string; json.Unmarshal(data,&docs)
 out:=make([]any,len(docs))
 for i,s:=range docs{ p:=unit{namespace:"n",config:"c",shown:"f"}.parseWhole([]byte(s))
  if len(p.findings.Errors)>0||len(p.configs)==0{ m:="none"; if len(p.findings.Errors)>0{m=p.findings.Errors[0].Message}; out[i]=map[string]string{"err":m}; continue}
  out[i]=map[string]string{"ok":string(p.configs[0].Value.Reveal())}
 }
 b,_:=json.Marshal(out); os.WriteFile(os.Getenv("ZZ")+"/ours.json",b,0o600)
}
