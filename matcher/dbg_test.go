package matcher
import ("testing";"fmt")
func TestDbg(t *testing.T){ x,_:=prepare("毛象：baicha（at）alive（点）bar"); fmt.Printf("%q\n",x); fmt.Println(Extract([]Text{{"bio","毛象：baicha（at）alive（点）bar"}},0)); fmt.Println(Extract([]Text{{"bio","毛象：baicha@alive.bar"}},0))}
